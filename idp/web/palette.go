package web

import (
	"fmt"
	"math"
	"strconv"
)

// colour is an sRGB colour, each part from 0 to 1.
type colour struct{ r, g, b float64 }

func (c colour) hex() string {
	part := func(v float64) int { return int(math.Round(v * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", part(c.r), part(c.g), part(c.b))
}

// shade is what depends on the hue, in one theme.
type shade struct {
	accent colour // the line, links, buttons
	on     colour // text on a button
	strong colour // a button under the pointer
	tint   colour // grounds
	figure colour // the region's code: decoration
	paper  colour // the page
	field  colour // what is typed into
}

// palette is a region's colours.
type palette struct{ light, dark shade }

// hueOf gives a region its hue in OKLCH, in degrees. Codes that follow one another lie 41° apart; the reds are left out,
// because they mean that something is wrong. The nation ("00") is indigo.
func hueOf(region string) float64 {
	code, err := strconv.Atoi(region)
	if err != nil || code < 0 || code > 99 {
		code = 0
	}
	return 50 + math.Mod(208+41.33*float64(code), 290)
}

// paletteOf draws every region's colours at the same lightness and nearly the same strength, so that contrast holds for
// all of them. The tests measure it (WCAG 2.2 §1.4.3, §1.4.11).
func paletteOf(region string) palette {
	h := hueOf(region)
	return palette{
		light: shade{
			accent: oklch(.44, .095, h), on: oklch(.99, .004, h), strong: oklch(.36, .085, h),
			tint: oklch(.955, .016, h), figure: oklch(.91, .032, h), paper: oklch(.987, .004, h), field: colour{1, 1, 1},
		},
		dark: shade{
			accent: oklch(.80, .085, h), on: oklch(.19, .02, h), strong: oklch(.88, .07, h),
			tint: oklch(.25, .022, h), figure: oklch(.34, .045, h), paper: oklch(.185, .010, h), field: oklch(.215, .013, h),
		},
	}
}

// css declares the colours as custom properties, for both themes.
func (p palette) css() string {
	declare := func(s shade) string {
		return fmt.Sprintf("--accent:%s;--on:%s;--strong:%s;--tint:%s;--figure:%s;--paper:%s;--field:%s",
			s.accent.hex(), s.on.hex(), s.strong.hex(), s.tint.hex(), s.figure.hex(), s.paper.hex(), s.field.hex())
	}
	return ":root{" + declare(p.light) + "}\n@media (prefers-color-scheme:dark){:root{" + declare(p.dark) + "}}\n"
}

// oklch converts a colour from lightness, chroma and hue (Ottosson's OKLCH). Chroma gives way where sRGB ends.
func oklch(l, c, h float64) colour {
	for ; ; c *= .96 {
		rgb, inside := linearOf(l, c, h)
		if inside || c < .001 {
			return colour{gamma(rgb[0]), gamma(rgb[1]), gamma(rgb[2])}
		}
	}
}

func linearOf(l, c, h float64) (rgb [3]float64, inside bool) {
	a, b := c*math.Cos(h*math.Pi/180), c*math.Sin(h*math.Pi/180)
	cube := func(v float64) float64 { return v * v * v }
	long := cube(l + .3963377774*a + .2158037573*b)
	medium := cube(l - .1055613458*a - .0638541728*b)
	short := cube(l - .0894841775*a - 1.2914855480*b)
	rgb = [3]float64{
		4.0767416621*long - 3.3077115913*medium + .2309699292*short,
		-1.2684380046*long + 2.6097574011*medium - .3413193965*short,
		-.0041960863*long - .7034186147*medium + 1.7076147010*short,
	}
	inside = true
	for _, v := range rgb {
		inside = inside && v >= 0 && v <= 1
	}
	return rgb, inside
}

// gamma encodes a linear part for sRGB (IEC 61966-2-1).
func gamma(v float64) float64 {
	v = min(max(v, 0), 1)
	if v <= .0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - .055
}
