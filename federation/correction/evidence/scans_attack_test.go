package evidence_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/jpeg"
	"testing"

	"manyou/federation/correction/evidence"
)

// progressive is a grey JPEG of that many scans, each of which says of all blocks that nothing is in them, in some bytes.
func progressive(side uint16, scans int) []byte {
	segment := func(marker byte, data ...byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2)), data...)
	}
	size := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{8}, side), side)
	raw := append([]byte("\xff\xd8"), segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)...)
	raw = append(raw, segment(0xc2, append(size, 1, 1, 0x11, 0)...)...)
	raw = append(raw, segment(0xc4, append(append([]byte{0x10, 1}, make([]byte, 15)...), 0xe0)...)...) // "0": the end of 2^14 blocks and more
	blocks := (int(side) + 7) / 8 * ((int(side) + 7) / 8)
	for range scans {
		raw = append(raw, segment(0xda, 1, 1, 0, 1, 63, 0)...)
		raw = append(raw, make([]byte, (blocks/(1<<14)+1)*15/8+1)...)
	}
	return append(raw, 0xff, 0xd9)
}

// TestAttackAPictureThatIsDrawnAgainAndAgain: each scan goes over all of the picture, and takes a few bytes of the file.
func TestAttackAPictureThatIsDrawnAgainAndAgain(t *testing.T) {
	if _, err := jpeg.Decode(bytes.NewReader(progressive(64, 2000))); err != nil {
		t.Fatalf("no picture to begin with: %v", err)
	}
	if _, err := evidence.Clean(progressive(64, 64)); err != nil {
		t.Errorf("as many scans as a program writes: %v", err)
	}
	for name, raw := range map[string][]byte{
		"many scans":                          progressive(64, 2000),
		"behind bytes that belong to nothing": bytes.ReplaceAll(progressive(64, 2000), []byte("\xff\xda"), []byte("\x00\xff\x00\x00\xff\xff\xff\xda")),
		"between restarts":                    bytes.ReplaceAll(progressive(64, 2000), []byte("\xff\xda"), []byte("\xff\xd0\xff\xd7\xff\xda")),
	} {
		if _, err := jpeg.Decode(bytes.NewReader(raw)); err != nil {
			t.Fatalf("%s: no picture: %v", name, err)
		}
		if _, err := evidence.Clean(raw); !errors.Is(err, evidence.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := evidence.Cost(raw); !errors.Is(err, evidence.ErrDamaged) {
			t.Errorf("%s, what it costs: %v", name, err)
		}
	}
}
