// Package page shows the matrix, and all that leads on from it, as HTML.
package page
