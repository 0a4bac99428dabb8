// Package storagetest is the suite that every backend of [storage.Store] passes, and the means to run it on a real
// Postgres.
//
// It owns the cases, one for every method and one for every race that the contract decides. It knows a backend only
// as a [Database]: something that nodes can be opened on. A backend's own test is a few lines:
//
//	func TestConformance(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) storagetest.Database { … })
//	}
package storagetest
