package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"hikeshi/internal/probe"
	"hikeshi/internal/text"
)

// maxSize bounds what is read: the reference configuration with every field is 6 KiB.
const maxSize = 1 << 20

// Load reads the configuration at path over the defaults and validates it. With path "" it reads the file at [Path]
// if there is one. Relative paths in a file are relative to its folder. Its errors are [Mistakes].
func Load(path string) (Config, error) {
	named := path != ""
	if !named {
		if path = Path(); path == "" {
			return Default(), nil
		}
	}
	b, err := read(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return Default(), nil
	}
	if err != nil {
		id := "config.unreadable"
		if errors.Is(err, fs.ErrNotExist) {
			id = "config.missing"
		}
		return Config{}, Mistakes{{File: path, ID: id}}
	}
	return parse(path, b)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(b) > maxSize {
		err = fmt.Errorf("read %s: more than %d bytes", path, maxSize)
	}
	return b, err
}

func parse(path string, b []byte) (Config, error) {
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return Config{}, Mistakes{fromParser(path, nil, err)}
	}
	if len(file.Docs) > 1 {
		return Config{}, Mistakes{{File: path, Line: begins(file.Docs[1]), ID: "config.documents"}}
	}
	if ms := unknownFields(path, file); len(ms) > 0 {
		return Config{}, ms
	}
	// The hosts are decoded apart, because an entry of the file is laid over the default entry of its role.
	cfg := Default()
	if empty(file) {
		return cfg, nil
	}
	cfg.Hosts = nil
	err = yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&cfg)
	if err != nil && !errors.Is(err, io.EOF) {
		return Config{}, Mistakes{fromParser(path, file, err)}
	}
	cfg.Hosts = overlay(cfg.Hosts)
	cfg.complete(filepath.Dir(path))
	err = cfg.Validate()
	if ms, ok := errors.AsType[Mistakes](err); ok {
		for i := range ms {
			ms[i].File = path
			ms[i].Line = lineOf(file, ms[i].Field)
		}
		slices.SortStableFunc(ms, func(a, b Mistake) int { return a.Line - b.Line })
		return Config{}, ms
	}
	return cfg, nil
}

// begins is the line on which a document begins, 0 when the parser does not say: an empty one has no token of its own.
func begins(doc *ast.DocumentNode) int {
	switch {
	case doc.Start != nil:
		return doc.Start.Position.Line
	case doc.Body != nil && doc.Body.GetToken() != nil:
		return doc.Body.GetToken().Position.Line
	}
	return 0
}

// empty reports whether a file holds nothing but comments: the decoder would take that for a null, and null for zeros.
func empty(file *ast.File) bool {
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		switch doc.Body.(type) {
		case *ast.NullNode, *ast.CommentNode, *ast.CommentGroupNode:
		default:
			return false
		}
	}
	return true
}

// overlay lays the hosts of a file over the default ones. Where the file gives an address, everything that describes
// the default's address (its name, its CDN, the shape of its ticker) goes with it; the second page is a path, so it
// stays unless it is given.
func overlay(given map[probe.Host]Host) map[probe.Host]Host {
	all := Default().Hosts
	for role, h := range given {
		d := all[role]
		if h.URL == "" {
			h.URL = d.URL
			h.SameEdge = h.SameEdge || d.SameEdge
		}
		if h.Name == "" && h.URL == d.URL {
			h.Name = d.Name
		}
		if h.Ticker == "" {
			h.Ticker = d.Ticker
			if h.Bid == "" && h.Ask == "" {
				h.Bid, h.Ask = d.Bid, d.Ask
			}
			if h.Time == "" {
				h.Time = d.Time
			}
		}
		if h.Second == "" {
			h.Second = d.Second
		}
		if len(h.Pairs) == 0 {
			h.Pairs = nil
		}
		all[role] = h
	}
	return all
}

// complete fills what is left empty and makes paths absolute from dir.
func (c *Config) complete(dir string) {
	d := Default()
	fill := func(s *string, def string) {
		if *s == "" {
			*s = def
		}
	}
	fill(&c.DataDir, d.DataDir)
	fill(&c.Listen, d.Listen)
	fill(&c.Key.Origin, d.Key.Origin)
	fill(&c.Checks.Second, d.Checks.Second)
	fill(&c.Checks.Server, d.Checks.Server)
	fill(&c.Prices.GapPercent, d.Prices.GapPercent)
	c.Prices.tidy()
	if len(c.Policy.Rules) == 0 {
		c.Policy.Rules = nil
	}
	for _, p := range []*string{&c.DataDir, &c.CAFile, &c.Key.PassphraseFile, &c.Key.IDFile, &c.Key.SecretFile} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	c.Gateway.absolute(dir)
}

// fromParser turns an error of the YAML library into a mistake without its text, which quotes the source.
func fromParser(path string, file *ast.File, err error) Mistake {
	m := Mistake{File: path, ID: "config.syntax"}
	var located yaml.Error
	if errors.As(err, &located) && located.GetToken() != nil {
		m.Line = located.GetToken().Position.Line
	}
	if file != nil {
		m.Field = fieldAt(file, m.Line)
	}
	switch {
	case located != nil && strings.Contains(located.GetMessage(), "already defined"):
		m.ID = "config.twice" // the library reports it as an error of syntax
	case errors.As(err, new(*yaml.SyntaxError)):
	case m.Field != "":
		m.ID, m.Want = "config.wrong", wantOf(m.Field)
	}
	return m
}

// unknownFields finds every name that the configuration does not have, with the nearest one that it has.
func unknownFields(path string, file *ast.File) Mistakes {
	var ms Mistakes
	walk(file, func(field string, key ast.MapKeyNode, _ ast.Node) {
		parent, name := "", field
		if i := strings.LastIndexByte(field, '.'); i >= 0 {
			parent, name = field[:i], field[i+1:]
		}
		names := fieldsOf(parent)
		if names == nil || slices.Contains(names, name) {
			return
		}
		shown := safeField(name)
		if parent != "" {
			shown = parent + "." + shown
		}
		ms = append(ms, Mistake{
			File: path, Line: key.GetToken().Position.Line, Field: shown, ID: "config.unknown",
			Args: text.Args{"near": nearest(name, names)},
		})
	})
	return ms
}
