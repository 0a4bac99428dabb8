// Package config reads the configuration file of an issuer, says what is wrong with it in plain words, and
// documents itself: the reference printed by "manyou config print --defaults" is made from the structure below.
//
// It owns the file's shape, its defaults, the environment variables that override secrets, and the rules a
// configuration has to keep. It opens no database and no socket, and knows nothing of what is done with the
// values.
//
// A value takes this path:
//
//	Default() ── Parse(file) ── environment ──> Config ── Check ──> problems, each with its key
//	                                              │
//	                                              └── Secrets ──> root key, tokens (never printed)
//
// Unknown and repeated keys fail with their position. The file is at most [MaxSize] bytes.
package config
