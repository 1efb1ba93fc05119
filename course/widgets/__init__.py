"""What forms are made of: panels, fields, choices, regions, links."""
