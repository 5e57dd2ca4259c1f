package cloud

// Unpaced lets a test that is not about pacing write as often as it likes.
func Unpaced(c *Cloud) *Cloud {
	c.pacer = nil
	return c
}
