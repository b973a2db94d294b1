"""Every write of the ground floor: `actor` first, one transaction, an audit row beside each write."""
