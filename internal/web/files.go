package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"hikeshi/internal/text"
)

// An asset is an embedded file, ready to be sent.
type asset struct {
	body       []byte
	mime, etag string
}

// types are named here, because a machine's own table of types may say anything.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".txt": "text/plain; charset=utf-8",
}

func assets() map[string]asset {
	out := map[string]asset{}
	err := fs.WalkDir(files, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		a := asset{body: b, mime: types[path.Ext(name)]}
		if a.mime == "" {
			a.mime = mime.TypeByExtension(path.Ext(name))
		}
		sum := sha256.Sum256(b)
		a.etag = `"` + hex.EncodeToString(sum[:8]) + `"`
		out["/"+name] = a
		return nil
	})
	if err != nil {
		panic("web: read the embedded files: " + err.Error())
	}
	// A service worker governs what lies beside it, so it must stand at the root.
	out["/sw.js"] = out["/static/sw.js"]
	return out
}

// file sends an embedded file. It is asked for anew each time and answered with 304, uncompressed: loopback is quick,
// and a page of one version must never run the script of another.
func (s *server) file(w http.ResponseWriter, r *http.Request) {
	a, ok := s.static[r.URL.Path]
	if !ok {
		fail(w, http.StatusNotFound, "not_found", "no such file")
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", a.etag)
	if strings.Contains(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.mime)
	w.Write(a.body)
}

// manifest makes the page installable, in the reader's language.
func (s *server) manifest(w http.ResponseWriter, r *http.Request) {
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose,omitzero"`
	}
	l := s.lang(r)
	b, err := json.Marshal(struct {
		ID          string    `json:"id"`
		Name        string    `json:"name"`
		ShortName   string    `json:"short_name"`
		Description string    `json:"description"`
		Lang        text.Lang `json:"lang"`
		StartURL    string    `json:"start_url"`
		Scope       string    `json:"scope"`
		Display     string    `json:"display"`
		Background  string    `json:"background_color"`
		Theme       string    `json:"theme_color"`
		Icons       []icon    `json:"icons"`
	}{
		"/", text.Say(l, "web.name", nil), "Hikeshi", text.Say(l, "web.unofficial", nil), l, "/", "/", "standalone", "#f6f3ec", "#15263f",
		[]icon{
			{"/static/icon-192.png", "192x192", "image/png", "any"},
			{"/static/icon-512.png", "512x512", "image/png", "any"},
			{"/static/icon-512.png", "512x512", "image/png", "maskable"},
		},
	})
	if err != nil {
		panic("web: write the manifest: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/manifest+json; charset=utf-8")
	w.Write(b)
}
