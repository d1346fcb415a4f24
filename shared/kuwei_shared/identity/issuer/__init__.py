"""A development OpenID provider that reads the realm file a real Keycloak imports."""
