package passkey

import (
	"encoding/hex"
	"strings"
)

// makers are the names under which people know the commonest keepers of passkeys, by AAGUID as text. A model is what an
// authenticator says of itself, unproven: good for a name to recognise it by, and for nothing else.
var makers = map[string]string{
	"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
	"dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
	"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
	"adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome",
	"08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
	"9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
	"6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
	"53414d53-554e-4700-0000-000000000000": "Samsung Pass",
	"bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
	"d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
	"531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
	"ee041bce-25e5-4cdb-8f86-897fd6418464": "Feitian",
	"2fc0579f-8113-47ea-b116-bb5a8db9202a": "YubiKey",
	"cb69481e-8ff7-4039-93ec-0a2729a154a8": "YubiKey",
	"ee882879-721c-4913-9775-3dfcce97072a": "YubiKey",
	"fa2b99dc-9e39-4257-8f92-4a30d23c4118": "YubiKey",
}

// maker returns the name of a model's maker, "" if it is not well known.
func maker(aaguid []byte) string {
	if len(aaguid) != aaguidLength {
		return ""
	}
	h := hex.EncodeToString(aaguid)
	return makers[strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")]
}
