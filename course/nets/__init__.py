"""The JAX core: small pure functions on arrays. Importing it starts no JAX backend."""
