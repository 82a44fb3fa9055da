"""What lies ahead: who has left unnoticed, who will leave within a horizon, and what drives it."""
