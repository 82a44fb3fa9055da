"""One account's file: everything known of a customer, read from what the other rooms found of all."""
