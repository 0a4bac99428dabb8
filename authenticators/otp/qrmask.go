package otp

import (
	"errors"

	"rsc.io/qr/coding"
)

// masks is the number of data mask patterns (ISO/IEC 18004 §7.8.2).
const masks = 8

// encodeQR returns the symbol for a text at error correction level M, under the mask that readers find easiest.
// (qr.Encode of rsc.io/qr always takes the first, which leaves finder-like patterns and blocks in some symbols.)
func encodeQR(text string) (*coding.Code, error) {
	data := coding.String(text)
	version := coding.Version(coding.MinVersion)
	for data.Bits(version) > version.DataBytes(coding.M)*8 {
		if version == coding.MaxVersion {
			return nil, errors.New("the text is too long")
		}
		version++
	}
	var best *coding.Code
	lowest := 0
	for mask := range coding.Mask(masks) {
		plan, err := coding.NewPlan(version, coding.M, mask)
		if err != nil {
			return nil, err
		}
		code, err := plan.Encode(data)
		if err != nil {
			return nil, err
		}
		if p := penalty(code); best == nil || p < lowest {
			best, lowest = code, p
		}
	}
	return best, nil
}

// penalty scores what makes a symbol hard to read (ISO/IEC 18004 §7.8.3.1): long runs of one colour, blocks of one
// colour, what looks like a finder pattern, and an uneven share of black.
func penalty(c *coding.Code) int {
	score, black := 0, 0
	for i := range c.Size {
		score += linePenalty(c.Size, func(j int) bool { return c.Black(j, i) })
		score += linePenalty(c.Size, func(j int) bool { return c.Black(i, j) })
	}
	for y := range c.Size {
		for x := range c.Size {
			b := c.Black(x, y)
			if b {
				black++
			}
			if x > 0 && y > 0 && b == c.Black(x-1, y) && b == c.Black(x, y-1) && b == c.Black(x-1, y-1) {
				score += 3
			}
		}
	}
	modules := c.Size * c.Size
	off := 20*black - 10*modules // the distance from one half, in twentieths of the whole
	return score + max(off, -off)/modules*10
}

// linePenalty scores the runs and the finder-like patterns of one row or column. Beyond its ends all is white.
func linePenalty(size int, black func(int) bool) int {
	// 1:1:3:1:1 with four white modules before or behind it.
	const before, behind, window = 0b0000_1011101, 0b1011101_0000, 1<<11 - 1
	score, run, pattern := 0, 0, 0
	for i := range size + 4 {
		bit := 0
		if black(i) {
			bit = 1
		}
		if i < size {
			if i > 0 && black(i-1) == black(i) {
				run++
			} else {
				run = 1
			}
			switch {
			case run == 5:
				score += 3
			case run > 5:
				score++
			}
		}
		pattern = (pattern<<1 | bit) & window
		// A window that reaches back before the line holds the white of the quiet zone there.
		if pattern == before || pattern == behind {
			score += 40
		}
	}
	return score
}
