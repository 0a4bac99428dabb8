package evidence

import "encoding/binary"

// maxScans bounds how often a JPEG may go over its picture. Programs that write them go over it a dozen times, or some dozens; one that says of
// all blocks that nothing is new has a few bytes of the file, and costs what all of the picture does.
const maxScans = 64

// scans is how many scans a JPEG has. It reads markers as the decoder does, which is content with bytes between them that belong to nothing.
func scans(raw []byte) (n int) {
	for at := 2; at+1 < len(raw); {
		marker := raw[at+1]
		switch {
		case raw[at] != 0xff || marker == 0xff: // a picture's own bytes, or one that fills
			at++
		case marker == 0x00 || marker >= 0xd0 && marker <= 0xd7: // of a picture, too
			at += 2
		case marker == 0xd9 || at+4 > len(raw):
			return n
		default:
			if marker == 0xda {
				n++
			}
			at += 2 + int(binary.BigEndian.Uint16(raw[at+2:]))
		}
	}
	return n
}
