// Package web renders every page that an issuer shows a citizen: layouts, styles, scripts, message catalogues and care
// mode, all embedded.
//
// It owns how things look and read, in Chinese and English, and the security headers of pages. It knows nothing of the
// protocol, of storage or of sessions: a caller fills in one of the page structs and hands it to [Web.Render]. Of the
// house it may use federation/identity, for the names of regions.
//
// # One line
//
// Every page is drawn along one line, as on a map of a route. What is behind the citizen stands on it as a filled dot,
// where they are as a ring, where they are going at its end. It is broken where something went wrong and closed where
// they have signed out. The region's code is the figure beside it, and the region's hue colours both.
//
//	phone ──● code ──○ ─ ─ the application
//
// # Preferences
//
// Two cookies remember what the citizen chose on a page: the language and care mode (larger text and targets, fewer
// choices). They are set by plain links, so nothing needs JavaScript. The language of a page is what was chosen, else
// the first of ui_locales that there is a catalogue for, else what Accept-Language prefers, else Chinese.
//
// # Security of pages
//
// See headers.go. Pages run no inline script and no inline style; the two scripts that exist only save a click or a
// scroll. html/template escapes what callers fill in; the one exception is [TOTPEnrolPage.QR].
package web
