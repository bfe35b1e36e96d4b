package config

import _ "embed"

// Example is the reference configuration: every field, documented, at its default. docs/config.example.yaml is the
// same file.
//
//go:embed example.yaml
var Example string
