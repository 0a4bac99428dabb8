package otp

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

type schema struct {
	Type       string            `yaml:"type"`
	Pattern    string            `yaml:"pattern"`
	MaxLength  int               `yaml:"maxLength"`
	Required   []string          `yaml:"required"`
	Properties map[string]schema `yaml:"properties"`
	Example    map[string]string `yaml:"example"`
}

type document struct {
	OpenAPI string `yaml:"openapi"`
	Paths   map[string]map[string]struct {
		Parameters []struct {
			Name     string `yaml:"name"`
			Required bool   `yaml:"required"`
			Schema   schema `yaml:"schema"`
		} `yaml:"parameters"`
		Responses map[string]any `yaml:"responses"`
	} `yaml:"paths"`
	Components struct {
		Schemas map[string]schema `yaml:"schemas"`
	} `yaml:"components"`
}

func openAPI(t *testing.T) document {
	t.Helper()
	b, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := yaml.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// conform reports where values differ from an object schema of strings.
func conform(t *testing.T, what string, s schema, values map[string]string) {
	t.Helper()
	required := slices.Sorted(slices.Values(s.Required))
	if sent := slices.Sorted(maps.Keys(values)); !slices.Equal(sent, required) {
		t.Errorf("%s has the fields %v, documented are %v", what, sent, required)
	}
	for name, value := range values {
		p := s.Properties[name]
		if p.Type != "string" {
			t.Errorf("%s: %s is documented as %q", what, name, p.Type)
		}
		if p.Pattern != "" && !regexp.MustCompile(p.Pattern).MatchString(value) {
			t.Errorf("%s: %s is %q, documented as %s", what, name, value, p.Pattern)
		}
		if p.MaxLength > 0 && len([]rune(value)) > p.MaxLength {
			t.Errorf("%s: %s has more than %d characters", what, name, p.MaxLength)
		}
	}
}

func TestWhatIsSentIsWhatIsDocumented(t *testing.T) {
	d := openAPI(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %q", d.OpenAPI)
	}
	g := serve(t, say(202, accepted))
	c, code := newChallenge(t, "documented")
	m := newSender(t, names, "id.zhejiang.example").Message(c, code, "zh")
	if err := newWebhook(t, config(g.URL)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	seen := g.requests()[0]

	var body map[string]string
	if err := json.Unmarshal(seen.body, &body); err != nil {
		t.Fatal(err)
	}
	conform(t, "the body", d.Components.Schemas["Message"], body)
	conform(t, "the example", d.Components.Schemas["Message"], d.Components.Schemas["Message"].Example)
	if body["phone"] != m.Phone || body["text"] != m.Text || body["code"] != m.Code {
		t.Error("the body is not the message")
	}

	post, ok := d.Paths["/"]["post"]
	if !ok || seen.method != "POST" {
		t.Fatalf("%s is sent, POST is documented: %v", seen.method, ok)
	}
	for _, p := range post.Parameters {
		if value := seen.header.Get(p.Name); !regexp.MustCompile(p.Schema.Pattern).MatchString(value) {
			t.Errorf("header %s is %q, documented as %s", p.Name, value, p.Schema.Pattern)
		}
	}
	if len(post.Parameters) != 2 {
		t.Errorf("%d headers are documented", len(post.Parameters))
	}
	if key := seen.header.Get("Idempotency-Key"); key != `"`+body["id"]+`"` {
		t.Errorf("the key %s is not the id %s", key, body["id"])
	}
	for _, status := range []string{"200", "202"} {
		if _, ok := post.Responses[status]; !ok {
			t.Errorf("status %s is taken and not documented", status)
		}
	}
	if got := d.Components.Schemas["Accepted"].Properties["message_id"].MaxLength; got != maxMessageID {
		t.Errorf("message_id is documented with up to %d characters", got)
	}
}

func TestTheQuestionForASIMChangeIsAsDocumented(t *testing.T) {
	d := openAPI(t)
	g := serve(t, say(200, `{"latestSimChange":null,"monitoredPeriod":120}`))
	if _, err := newSIMWebhook(t, config(g.URL)).LastSIMChange(t.Context(), phone); err != nil {
		t.Fatal(err)
	}
	seen := g.requests()[0]
	var body map[string]string
	if err := json.Unmarshal(seen.body, &body); err != nil {
		t.Fatal(err)
	}
	conform(t, "the body", d.Components.Schemas["SimSwapRequest"], body)
	conform(t, "the example", d.Components.Schemas["SimSwapRequest"], d.Components.Schemas["SimSwapRequest"].Example)
	post, ok := d.Paths["/retrieve-date"]["post"]
	if !ok || seen.method != "POST" || len(post.Parameters) != 2 {
		t.Fatalf("%s is sent; documented: %v, with %d headers", seen.method, ok, len(post.Parameters))
	}
	for _, p := range post.Parameters {
		if value := seen.header.Get(p.Name); !regexp.MustCompile(p.Schema.Pattern).MatchString(value) {
			t.Errorf("header %s is %q, documented as %s", p.Name, value, p.Schema.Pattern)
		}
	}
	for _, status := range []string{"200", "404", "422"} {
		if _, ok := post.Responses[status]; !ok {
			t.Errorf("status %s is understood and not documented", status)
		}
	}
}
