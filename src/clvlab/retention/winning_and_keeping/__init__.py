"""Where the next yuan does most: winning customers or keeping them."""
