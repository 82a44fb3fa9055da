"""Where the next money spent does most: winning customers or keeping them."""
