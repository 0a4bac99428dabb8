package register

import (
	"manyou/federation/identity"
	"manyou/storage"
)

// sourceName is how evidence names the register.
const sourceName = "register"

// Received is what is kept of a name beside the form that is stored: the form in which it was received, byte for byte, with the version of the
// table by which the two are one name, and who wrote it so. nil if it was received as it is stored.
func Received(form, stored, source string) *storage.ReceivedName {
	if form == stored || form == "" {
		return nil
	}
	return &storage.ReceivedName{Form: form, Mapping: identity.NameMappingVersion, Source: source}
}
