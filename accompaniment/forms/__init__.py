"""What people type, parsed; errors say what to do."""
