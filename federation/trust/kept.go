package trust

import "time"

const (
	// maxStatements and maxKept bound what is remembered of chains that held: their number, and their bytes as they were signed.
	maxStatements = 400_000
	maxKept       = 512 << 20
	// maxRecent bounds the bytes of statements of which it is not known yet whether they stand in a chain that holds: a stranger may
	// have sent them.
	maxRecent = 4 << 20
)

// heard is a statement and when it was heard.
type heard struct {
	raw       string
	statement *Statement // nil: it is parsed when it is needed
	expires   int64      // seconds
	at, next  time.Time  // next: when to ask again
	lasting   bool
}

func (h heard) parsed() (*Statement, error) {
	if h.statement != nil {
		return h.statement, nil
	}
	return Parse(h.raw)
}

// kept are statements of chains that held.
type kept struct {
	all    map[string]heard
	bytes  int
	budget int
}

func (k *kept) put(key string, h heard) {
	k.drop(key)
	k.all[key] = h
	k.bytes += len(h.raw)
}

func (k *kept) drop(key string) {
	if h, ok := k.all[key]; ok {
		k.bytes -= len(h.raw)
		delete(k.all, key)
	}
}

func (k *kept) full(more int) bool { return len(k.all) >= maxStatements || k.bytes+more > k.budget }

// makeRoom forgets what has expired, then leaves, and then anything, until a tenth is free.
func (k *kept) makeRoom(more int, now time.Time) {
	if !k.full(more) {
		return
	}
	for key, h := range k.all {
		if !now.Before(time.Unix(h.expires, 0)) {
			k.drop(key)
		}
	}
	for _, lasting := range []bool{false, true} {
		for key, h := range k.all {
			if len(k.all) < maxStatements*9/10 && k.bytes+more <= k.budget*9/10 {
				return
			}
			if h.lasting == lasting {
				k.drop(key)
			}
		}
	}
}

// recent are statements that were heard a moment ago, the oldest first to go.
type recent struct {
	all   map[string]heard
	order []string
	bytes int
}

func (r *recent) put(key string, h heard) {
	r.drop(key)
	r.all[key] = h
	r.bytes += len(h.raw)
	r.order = append(r.order, key)
	for r.bytes > maxRecent && len(r.order) > 0 {
		oldest := r.order[0]
		r.order = r.order[1:]
		r.drop(oldest)
	}
	if len(r.order) > 2*len(r.all)+16 { // keys of what went otherwise
		r.compact()
	}
}

func (r *recent) drop(key string) {
	if h, ok := r.all[key]; ok {
		r.bytes -= len(h.raw)
		delete(r.all, key)
	}
}

func (r *recent) compact() {
	order := make([]string, 0, len(r.all))
	seen := make(map[string]bool, len(r.all))
	for n := len(r.order) - 1; n >= 0; n-- { // the latest place of each
		if key := r.order[n]; !seen[key] {
			if _, ok := r.all[key]; ok {
				seen[key] = true
				order = append(order, key)
			}
		}
	}
	for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
		order[i], order[j] = order[j], order[i]
	}
	r.order = order
}
