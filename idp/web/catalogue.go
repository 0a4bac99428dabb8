package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed messages
var messageFiles embed.FS

// catalogue holds the messages of one language. A message may have {places} that are filled in when it is shown.
type catalogue map[string]string

func readCatalogue(code string) (catalogue, error) {
	b, err := messageFiles.ReadFile("messages/" + code + ".json")
	if err != nil {
		return nil, fmt.Errorf("web: messages: %w", err)
	}
	var c catalogue
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("web: messages of %s: %w", code, err)
	}
	return c, nil
}

// text is the message of a key. fill lists pairs of a place and what goes there. An unknown key is an error: a page with
// a hole in it must not reach a citizen.
func (c catalogue) text(key string, fill ...string) (string, error) {
	m, ok := c[key]
	if !ok {
		return "", fmt.Errorf("no message %q", key)
	}
	if len(fill) == 0 {
		return m, nil
	}
	if len(fill)%2 != 0 {
		return "", fmt.Errorf("message %q: a place without a value", key)
	}
	places := make([]string, len(fill))
	copy(places, fill)
	for i := 0; i < len(places); i += 2 {
		places[i] = "{" + places[i] + "}"
	}
	return strings.NewReplacer(places...).Replace(m), nil
}
