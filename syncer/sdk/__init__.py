"""What a connector is written with: the contract, options, operations, errors, registry and HTTP client."""
