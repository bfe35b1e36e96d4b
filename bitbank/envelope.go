package bitbank

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxBody bounds what is read of an answer. The largest real one, a day of transactions, is about 2 MB.
const maxBody = 8 << 20

// Check tells what an answer is, for callers that fetched it themselves: nil for a valid envelope with success 1, or
// *Error, *BodyError or *StatusError. The body decides; contentType only helps to name a body that is not JSON.
// Whether the data has the documented shape is for the decoders.
func Check(status int, contentType string, body []byte) error {
	_, err := open("check", status, contentType, body)
	return err
}

// open takes the data out of an envelope.
func open(op string, status int, contentType string, body []byte) (json.RawMessage, error) {
	var envelope struct {
		Success *int            `json:"success"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil || envelope.Success == nil {
		return nil, notAnEnvelope(op, status, contentType, body, err)
	}
	if err := uniqueKeys(body); err != nil {
		return nil, notAnEnvelope(op, status, contentType, body, err)
	}
	switch *envelope.Success {
	case 0:
		var refusal struct {
			Code Code `json:"code"`
		}
		if err := json.Unmarshal(envelope.Data, &refusal); err != nil || refusal.Code <= 0 {
			return nil, notAnEnvelope(op, status, contentType, body, err)
		}
		return nil, &Error{op, status, refusal.Code}
	case 1:
		if status >= 300 {
			return nil, &StatusError{Op: op, Status: status, Body: head(body)}
		}
		if len(envelope.Data) == 0 || string(envelope.Data) == "null" {
			return nil, &BodyError{op, status, Shape, head(body), errors.New("an envelope without data")}
		}
		return envelope.Data, nil
	}
	return nil, notAnEnvelope(op, status, contentType, body, errors.New("success is neither 0 nor 1"))
}

// notAnEnvelope says what body is instead.
func notAnEnvelope(op string, status int, contentType string, body []byte, err error) error {
	kind, _, _ := mime.ParseMediaType(contentType)
	page := LooksHTML(body) || kind == "text/html" && !json.Valid(body)
	if status >= 300 {
		return &StatusError{Op: op, Status: status, HTML: page, Body: head(body)}
	}
	e := &BodyError{Op: op, Status: status, Defect: NotJSON, Body: head(body), Err: err}
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		e.Defect, e.Err = Empty, nil
	case page:
		e.Defect, e.Err = HTML, nil
	case json.Valid(body):
		e.Defect = Shape
		if err == nil {
			e.Err = errors.New("no envelope")
		}
	case endsEarly(body):
		e.Defect = Truncated
	}
	return e
}

// endsEarly reports whether body is the beginning of JSON.
func endsEarly(body []byte) bool {
	var any json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(body)).Decode(&any), io.ErrUnexpectedEOF)
}

// LooksHTML reports whether body is a page rather than data.
func LooksHTML(body []byte) bool {
	b := bytes.TrimLeft(body[:min(len(body), 512)], "\xef\xbb\xbf \t\r\n")
	if len(b) == 0 || b[0] != '<' {
		return false
	}
	return strings.HasPrefix(http.DetectContentType(b), "text/html") || bytes.Contains(bytes.ToLower(b), []byte("<html"))
}

// checked is data that knows whether it has the documented shape.
type checked interface{ check() error }

// decode takes the typed data out of one answer.
func decode[T any](op string, status int, contentType string, body []byte) (T, error) {
	var out T
	data, err := open(op, status, contentType, body)
	if err == nil {
		err = into(op, status, data, &out)
	}
	if err != nil {
		var none T // half an answer is none
		return none, err
	}
	return out, nil
}

func into(op string, status int, data json.RawMessage, out any) error {
	err := json.Unmarshal(data, out)
	if v, ok := out.(checked); err == nil && ok {
		err = v.check()
	}
	if err != nil {
		return &BodyError{op, status, Shape, head(data), err}
	}
	return nil
}

// read takes a body within its bound. Fewer bytes than announced are Truncated.
func read(op string, res *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && res.StatusCode >= 300:
		return body, nil // the status says more than half a page
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &BodyError{op, res.StatusCode, Truncated, head(body), err}
	case err != nil:
		return nil, err
	case len(body) > maxBody:
		return nil, &BodyError{op, res.StatusCode, TooLarge, head(body), nil}
	}
	return body, nil
}

func head(b []byte) string { return strings.ToValidUTF8(string(b[:min(len(b), 200)]), "") }
