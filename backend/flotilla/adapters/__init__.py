"""One folder per outside thing. Only `bootstrap` names them; they do not know one another."""
