package register

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// maxLine bounds a line of a file, in bytes: a name of 800 with every quote doubled, and all the rest.
const maxLine = 4096

var errLineTooLong = errors.New("register: line too long")

// lineReader reads bounded lines and counts them. A line of CSV is a line of the file: nothing that belongs into a
// register has a line break in it, so a stray quotation mark spoils one row and not the rest of the file.
type lineReader struct {
	r      *bufio.Reader
	number int64 // of the line returned last; the first is 1
	bytes  int64 // read so far
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, maxLine)} }

// next returns the next line without its end, errLineTooLong in place of one that breaks the bound, io.EOF at the end.
func (l *lineReader) next() (string, error) {
	line, err := l.r.ReadSlice('\n')
	l.bytes += int64(len(line))
	if len(line) == 0 && err != nil {
		return "", err
	}
	l.number++
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", l.skip()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	s := strings.TrimSuffix(string(line), "\n")
	return strings.TrimSuffix(s, "\r"), nil
}

// skip reads on to the end of a line that is too long.
func (l *lineReader) skip() error {
	for {
		rest, err := l.r.ReadSlice('\n')
		l.bytes += int64(len(rest))
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return errLineTooLong
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
