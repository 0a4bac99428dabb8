package register

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"manyou/federation/identity"

	"github.com/goccy/go-yaml"
)

type schema struct {
	Type       string            `yaml:"type"`
	Pattern    string            `yaml:"pattern"`
	Enum       []string          `yaml:"enum"`
	Required   []string          `yaml:"required"`
	Properties map[string]schema `yaml:"properties"`
	Example    any               `yaml:"example"`
}

type description struct {
	OpenAPI string `yaml:"openapi"`
	Paths   map[string]map[string]struct {
		Responses map[string]any `yaml:"responses"`
	} `yaml:"paths"`
	Components struct {
		Schemas map[string]schema `yaml:"schemas"`
	} `yaml:"components"`
}

func openAPI(t *testing.T) description {
	t.Helper()
	b, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := yaml.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// object decodes JSON or re-encodes a YAML value as an object.
func object(t *testing.T, v any) map[string]any {
	t.Helper()
	b, ok := v.([]byte)
	if !ok {
		var err error
		if b, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// conform reports where an object differs from its schema.
func conform(t *testing.T, what string, s schema, values map[string]any) {
	t.Helper()
	for _, name := range s.Required {
		if _, ok := values[name]; !ok {
			t.Errorf("%s lacks %s", what, name)
		}
	}
	for name, value := range values {
		p, ok := s.Properties[name]
		if !ok {
			t.Errorf("%s: %s is not documented", what, name)
		}
		text, _ := value.(string)
		if p.Pattern != "" && !regexp.MustCompile(p.Pattern).MatchString(text) {
			t.Errorf("%s: %s is %q, documented as %s", what, name, text, p.Pattern)
		}
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, text) {
			t.Errorf("%s: %s is %q, documented as %v", what, name, text, p.Enum)
		}
	}
}

func TestWhatIsSentAndUnderstoodIsWhatIsDocumented(t *testing.T) {
	d := openAPI(t)
	schemas := d.Components.Schemas
	if _, ok := d.Paths["/verify"]["post"].Responses["200"]; d.OpenAPI != "3.1.0" || !ok {
		t.Fatalf("OpenAPI %q, POST /verify %v", d.OpenAPI, ok)
	}
	s := serve(t, say(200, `{"outcome":"unknown_document"}`))
	for _, c := range []Claim{
		wang(t),
		claim(t, "JOHN Q. SAMPLE", identity.Passport, "D/12345", "+85250000001"),
		claim(t, "JEAN MODÈLE", identity.PermanentResidence, "XXA510079061201", ""),
	} {
		if _, err := client(t, s.URL).Verify(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range s.requests() {
		body := object(t, r.body)
		conform(t, "the claim", schemas["Claim"], body)
		conform(t, "the document", schemas["Document"], body["document"].(map[string]any))
	}
	if got := slices.Sorted(maps.Keys(object(t, s.requests()[0].body))); !slices.Equal(got, slices.Sorted(maps.Keys(schemas["Claim"].Properties))) {
		t.Errorf("%v is sent", got)
	}

	kinds := schemas["Document"].Properties["kind"].Enum
	for _, k := range identity.Kinds() {
		if !slices.Contains(kinds, string(k)) {
			t.Errorf("%s is not documented", k)
		}
	}
	for _, outcome := range schemas["Verdict"].Properties["outcome"].Enum {
		answer := map[string]any{"outcome": outcome}
		if outcome == string(Match) {
			answer = object(t, schemas["Verdict"].Example)
		}
		b, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := readVerdict(b, wang(t)); err != nil || string(v.Outcome) != outcome {
			t.Errorf("%s is documented and not understood: %v", outcome, err)
		}
	}
	conform(t, "the example of a claim", schemas["Claim"], object(t, schemas["Claim"].Example))
	conform(t, "the example of a verdict", schemas["Verdict"], object(t, schemas["Verdict"].Example))
	example := object(t, schemas["Claim"].Example)["document"].(map[string]any)
	if _, err := identity.ParseDocument(example["kind"].(string), example["number"].(string), now()); err != nil {
		t.Errorf("the example: %v", err)
	}
}
