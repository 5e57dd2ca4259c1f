{ family: nam }
