package config

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"hikeshi/internal/probe"
)

// roles are the hosts that can be configured, in the order of the reference configuration.
var roles = []probe.Host{
	probe.Public, probe.Private, probe.Stream, probe.PubNub, probe.Web, probe.App, probe.Status, probe.Blog, probe.Support,
	probe.X, probe.Neutral1, probe.Neutral2, probe.Neutral3, probe.Venue1, probe.Venue2, probe.Venue3,
}

// fieldsOf lists the names that may stand under a dotted field, "" being the top; nil when nothing is known of it or
// it holds no fields.
func fieldsOf(field string) []string {
	t := reflect.TypeFor[Config]()
	if field != "" {
		for _, name := range strings.Split(field, ".") {
			if t = under(t, name); t == nil {
				return nil
			}
		}
	}
	switch {
	case t.Kind() == reflect.Map && t.Key() == reflect.TypeFor[probe.Host]():
		names := make([]string, len(roles))
		for i, r := range roles {
			names[i] = string(r)
		}
		return names
	case t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[Config]().PkgPath():
		var names []string
		for i := range t.NumField() {
			names = append(names, t.Field(i).Tag.Get("yaml"))
		}
		return names
	}
	return nil
}

func under(t reflect.Type, name string) reflect.Type {
	switch t.Kind() {
	case reflect.Map, reflect.Slice:
		return t.Elem()
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).Tag.Get("yaml") == name {
				return t.Field(i).Type
			}
		}
	}
	return nil
}

// walk visits every mapping entry of a file with its dotted name; an element of a list is named by its place from 0.
func walk(file *ast.File, visit func(field string, key ast.MapKeyNode, value ast.Node)) {
	var into func(prefix string, n ast.Node)
	entry := func(prefix string, v *ast.MappingValueNode) string {
		return strings.TrimPrefix(prefix+"."+v.Key.GetToken().Value, ".")
	}
	into = func(prefix string, n ast.Node) {
		switch n := n.(type) {
		case *ast.MappingNode:
			for _, v := range n.Values {
				into(prefix, v)
			}
		case *ast.MappingValueNode:
			name := entry(prefix, n)
			visit(name, n.Key, n.Value)
			into(name, n.Value)
		case *ast.SequenceNode:
			for i, v := range n.Values {
				into(prefix+"."+strconv.Itoa(i), v)
			}
		}
	}
	for _, doc := range file.Docs {
		into("", doc.Body)
	}
}

// lineOf is where a field stands; for one that the file does not name, where the nearest thing around it stands.
func lineOf(file *ast.File, field string) int {
	best, line := -1, 1
	walk(file, func(name string, key ast.MapKeyNode, _ ast.Node) {
		if (field == name || strings.HasPrefix(field, name+".")) && len(name) > best {
			best, line = len(name), key.GetToken().Position.Line
		}
	})
	return line
}

// fieldAt is the innermost field at or before a line.
func fieldAt(file *ast.File, line int) string {
	var at string
	walk(file, func(name string, key ast.MapKeyNode, _ ast.Node) {
		if key.GetToken().Position.Line <= line {
			at = name
		}
	})
	return at
}

// wantOf says, by an id of the catalogue, what kind of value a field holds.
func wantOf(field string) string {
	t := reflect.TypeFor[Config]()
	for _, name := range strings.Split(field, ".") {
		if t = under(t, name); t == nil {
			return "config.want.value"
		}
	}
	switch t.Kind() {
	case reflect.Bool:
		return "config.want.bool"
	case reflect.Int:
		return "config.want.number"
	case reflect.String:
		return "config.want.text"
	case reflect.Slice:
		return "config.want.list"
	case reflect.Struct:
		if t.String() == "time.Time" {
			return "config.want.time"
		}
	}
	return "config.want.fields"
}
