package complaint

import (
	"net/http"
	"time"
)

// What may be done in a day. One filer cannot flood the queue, and neither can one network with many phones; a village behind one address, or a
// family that loses everything at once, is not hindered.
const (
	casesPerFiler, casesPerVisitor     = 8, 3
	casesPerAddress, visitsPerAddress  = 100, 20
	additionsPerFiler, addedPerAddress = 40, 400

	window = 24 * time.Hour
)

// mayFile counts a case that is about to be filed, and reports whether it may be.
func (c *Complaints) mayFile(r *http.Request, v visitor) (bool, error) {
	if !v.known() {
		return c.spend(r, "visit", v, casesPerVisitor, visitsPerAddress)
	}
	return c.spend(r, "case", v, casesPerFiler, casesPerAddress)
}

// mayAdd counts an addition to a case.
func (c *Complaints) mayAdd(r *http.Request, v visitor) (bool, error) {
	return c.spend(r, "addition", v, additionsPerFiler, addedPerAddress)
}

func (c *Complaints) spend(r *http.Request, what string, v visitor, perFiler, perAddress int64) (bool, error) {
	end := c.Clock().Truncate(window).Add(window)
	totals, err := c.Store.Count(r.Context(), []string{
		"complaint." + what + ".filer:" + v.filer, "complaint." + what + ".address:" + c.Address(r),
	}, 1, end)
	if err != nil {
		return false, err
	}
	return totals[0] <= perFiler && totals[1] <= perAddress, nil
}
