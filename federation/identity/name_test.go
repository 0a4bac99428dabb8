package identity

import (
	"errors"
	"strings"
	"testing"
)

func mustName(t *testing.T, raw string) Name {
	t.Helper()
	n, err := NormalizeName(raw)
	if err != nil {
		t.Fatalf("%+q: %v", raw, err)
	}
	return n
}

func TestNamesAreBroughtToOneForm(t *testing.T) {
	for raw, want := range map[string]string{
		"王小明":                             "王小明",
		" 张　三 ":                           "张三",
		"阿卜杜拉·买买提":                        "阿卜杜拉·买买提",
		"阿卜杜拉 · 买买提":                      "阿卜杜拉·买买提",
		"阿卜杜拉．买买提":                        "阿卜杜拉·买买提",
		"阿卜杜拉. 买买提":                       "阿卜杜拉·买买提",
		"阿卜杜拉··买买提":                       "阿卜杜拉·买买提",
		"阿卜杜拉· ·买买提":                      "阿卜杜拉·买买提",
		"𬎆•㛃":                             "𬎆·㛃",
		"李〇":                              "李〇",
		"\ue863.\ue863":                   "\ue863·\ue863",
		"John  R. SMITH":                  "John R. SMITH",
		"Ｊｏｈｎ　ＳＭＩＴＨ":                      "John SMITH",
		"Rene\u0301e":                     "Ren\u00e9e",
		"\uf9e7郎":                         "\uf9e7郎",
		"\u1820\u180e\u1821":              "\u1820\u180e\u1821",
		"D'Arcy-O\u2019Neil":              "D'Arcy-O\u2019Neil",
		"\U000323B0\U0003347B":            "\U000323B0\U0003347B", // newer than Go's tables
		"\u0f56\u0f7c\u0f51\u0f0b":        "\u0f56\u0f7c\u0f51\u0f0b",
		strings.Repeat("买", 50):           strings.Repeat("买", 50),
		strings.Repeat("\U0002CE93", 100): strings.Repeat("\U0002CE93", 100),
	} {
		if n := mustName(t, raw); n.Normal != want || n.Raw != raw {
			t.Errorf("%+q: normal %+q, raw %+q", raw, n.Normal, n.Raw)
		}
	}
}

func TestEveryDotIsTheSeparator(t *testing.T) {
	want := mustName(t, "买买提·艾力")
	for _, dot := range "\u00B7\u2022\u2027\u30FB\uFF65\u22C5\u2219\u0387\u16EB.．。｡\u1427\u2024\u25CF\u2E31\u2E33\uA78F" {
		for _, raw := range []string{"买买提" + string(dot) + "艾力", "买买提 " + string(dot) + "　艾力"} {
			n := mustName(t, raw)
			if n.Normal != want.Normal || CompareNames(n, want) != Equal {
				t.Errorf("%U: %q", dot, n.Normal)
			}
		}
	}
}

func TestNamesAreRefusedWithTheirReason(t *testing.T) {
	for raw, want := range map[string]Reason{
		"":                         ReasonEmpty,
		" 　":                       ReasonEmpty,
		"·":                        ReasonNoLetter,
		"123":                      ReasonNoLetter,
		"--":                       ReasonNoLetter,
		"张\xff":                    ReasonEncoding,
		"张\xed\xa0\x80":            ReasonEncoding,
		"张\u202e三":                 ReasonInvisible,
		"张\u2066三":                 ReasonInvisible,
		"张\u200b三":                 ReasonInvisible,
		"张\u200d三":                 ReasonInvisible,
		"\ufeff张三":                 ReasonInvisible,
		"张\x00三":                   ReasonInvisible,
		"张\n三":                     ReasonInvisible,
		"张\u2028三":                 ReasonInvisible,
		"张\ufffd":                  ReasonInvisible,
		"张\uffff":                  ReasonInvisible,
		"张\u3164":                  ReasonInvisible,
		"张\U000E0041":              ReasonInvisible,
		"张\u180e三":                 ReasonInvisible,
		strings.Repeat("买", 101):   ReasonTooLong,
		strings.Repeat(" ", 1<<20): ReasonTooLong,
		strings.Repeat("a", 790) + "王王王王": ReasonTooLong,
	} {
		var e *NameError
		if n, err := NormalizeName(raw); !errors.As(err, &e) || e.Reason != want || n != (Name{}) {
			t.Errorf("%.40q: %v, want %s", raw, err, want)
		}
	}
}

func TestNamesCompare(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want Comparison
	}{
		{"王小明", "王小明", Equal},
		{"John Smith", "JOHN  SMITH", Equal},
		{"Mary Ann", "MARYANN", Equal},
		{"Straße", "STRASSE", Equal},
		{"Ren\u00e9e", "RENE\u0301E", Equal},
		{"刘䶮", "刘\ue863", EqualAfterMapping},
		{"\u90de平", "\uf92c平", Different}, // U+F92C is 郎, of which U+90DE is a variant
		{"\u90ce平", "\uf92c平", EqualAfterMapping},
		{"神\ufe00谷", "神谷", EqualAfterMapping},
		{"葛\U000E0100", "葛", EqualAfterMapping},
		{"黄河", "黃河", Different},
		{"吴明", "吳明", Different},
		{"王小明", "王晓明", Different},
		{"买买提·艾力", "买买提艾力", Different},
		{"Anna", "Аnna", Different}, // a Cyrillic А
	} {
		a, b := mustName(t, c.a), mustName(t, c.b)
		if got := CompareNames(a, b); got != c.want || CompareNames(b, a) != got {
			t.Errorf("%s and %s are %s, want %s", c.a, c.b, got, c.want)
		}
		if SameName(a, b) != (c.want != Different) {
			t.Errorf("%s and %s: SameName is not what CompareNames says", c.a, c.b)
		}
	}
	if SameName(Name{}, Name{}) {
		t.Error("two names that were never parsed are the same")
	}
}

func TestEveryCharacterThatGB18030MovedIsRecognisedUnderItsOldCode(t *testing.T) {
	moved := map[rune]rune{ // GB 18030-2022, and the six of plane 2
		0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE832: 0x9FB8, 0xE843: 0x9FB9, 0xE854: 0x9FBA,
		0xE864: 0x9FBB, 0xE78D: 0xFE10, 0xE78E: 0xFE12, 0xE78F: 0xFE11, 0xE790: 0xFE13, 0xE791: 0xFE14, 0xE792: 0xFE15,
		0xE793: 0xFE16, 0xE794: 0xFE17, 0xE795: 0xFE18, 0xE796: 0xFE19,
		0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE831: 0x215D7, 0xE83B: 0x2298F, 0xE855: 0x241FE,
		// Earlier editions.
		0xE81A: 0x3473, 0xE863: 0x4DAE, 0xE844: 0x4723, 0xE7C7: 0x1E3F,
	}
	for before, now := range moved {
		a, b := mustName(t, "王"+string(before)), mustName(t, "王"+string(now))
		if got := CompareNames(a, b); got != EqualAfterMapping {
			t.Errorf("%U and %U are %s", before, now, got)
		}
	}
	targets := map[rune]bool{}
	for _, r := range rowFE {
		if targets[r] {
			t.Errorf("%U stands twice in the table", r)
		}
		targets[r] = true
	}
	if len(rowFE) != 80 || rowFE[len(rowFE)-1] != 0x9FBB {
		t.Errorf("FE50 to FEA0 are 80 characters, the table has %d", len(rowFE))
	}
}

func TestEveryVisibleCharacterOfTheIdeographicBlocksPasses(t *testing.T) {
	for _, block := range [][2]rune{{0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xE000, 0xF8FF}, {0xF900, 0xFAFF}, {0x20000, 0x323AF}} {
		for r := block[0]; r <= block[1]; r++ {
			if r&0xFFFE == 0xFFFE {
				continue
			}
			if n, err := NormalizeName("王" + string(r)); err != nil || n.Normal != "王"+string(r) {
				t.Fatalf("%U: %+q %v", r, n.Normal, err)
			}
		}
	}
}
