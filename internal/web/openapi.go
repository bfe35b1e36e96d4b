package web

import (
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"
)

// The description is written by hand, because it is a promise; a test holds it against the routes and the answers.
var description = sync.OnceValues(func() (asYAML, asJSON []byte) {
	asYAML, err := files.ReadFile("openapi.yaml")
	if err != nil {
		panic("web: the description of the API is embedded: " + err.Error())
	}
	asJSON, err = yaml.YAMLToJSON(asYAML)
	if err != nil {
		panic("web: read openapi.yaml: " + err.Error())
	}
	return asYAML, asJSON
})

func (s *server) openapiYAML(w http.ResponseWriter, _ *http.Request) {
	b, _ := description()
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Write(b)
}

func (s *server) openapiJSON(w http.ResponseWriter, _ *http.Request) {
	_, b := description()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(b)
}
