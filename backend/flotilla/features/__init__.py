"""One folder a noun: router, schemas, service, repository. Features do not know one another."""
