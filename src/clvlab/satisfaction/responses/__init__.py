"""What service does to leaving and to orders, from the records, with no leaving called."""
