// Command manyou is a national federated identity provider.
//
// The commands parse, wire, start and stop. What they do is done in the rooms: an issuer in idp, records in storage,
// the demo nation in cmd/manyou/demo, the configuration file in cmd/manyou/config.
//
// The exit code is 0 if all went well, 1 if what was asked for could not be done or not all of it, and 2 if the
// command line or the configuration is wrong.
package main
