// Package authtest holds every authenticator to the contract of [manyou/authenticators.Authenticator]. A method's test
// names a constructor and a simulated person with a device, and calls [Run].
//
// It owns the cases of the contract and nothing of any method: what only one method promises is tested beside it. It is
// imported by tests alone.
package authtest
