"""What coditect runs beside a project's tests. Only the standard library, and pytest itself."""
