// Package e2e tells the stories of Manyou in a real browser, and starts the real binary only to kill it.
//
// It owns tests and nothing that ships. Each test brings up a whole nation on loopback (cmd/manyou/demo) and a Chromium
// that can reach nothing but this machine; what a citizen would do, the test does by key or click, and what a citizen
// would see is counted: a document shown is an answer in the main frame that is not a redirect.
//
//	roaming      one sign-in, two provinces, no page in between; on localhost, and over https on unrelated sites
//	together     two tabs that are opened at once
//	requests     what applications may ask for: silence, a home province, an answer by form
//	foreign      a province and an application that nobody here wrote
//	assurance    an authenticator app: enrolment from the picture on the screen, sign-in, step-up across provinces
//	access       by keyboard alone, without scripts, in two languages
//	endurance    kill -9 during a thousand sign-ins, on SQLite and on Postgres
//	screens      every page in every size, language, colour scheme and mode
//
// A browser or a database that is missing is a failure: what was not run has not passed.
package e2e
