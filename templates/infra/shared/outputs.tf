# `llmops infra apply` writes those that are keys of [targets.NAME] into llmops.toml.

output "tenant" {
  value = data.azurerm_client_config.current.tenant_id
}

output "subscription" {
  value = data.azurerm_client_config.current.subscription_id
}

output "resource_group" {
  value = azurerm_resource_group.main.name
}

output "app" {
  value = local.app
}

output "key_vault" {
  value = trimsuffix(azurerm_key_vault.main.vault_uri, "/")
}

output "identity" {
  value = azurerm_user_assigned_identity.app.id
}

output "identity_client_id" {
  value = azurerm_user_assigned_identity.app.client_id
}

output "registry" {
  value = azurerm_container_registry.main.login_server
}

output "address" {
  value = "https://${local.host}"
}

output "deployer_client_id" {
  description = "What the workflow on GitHub logs in as: the variable AZURE_CLIENT_ID of its environment."
  value       = one(azurerm_user_assigned_identity.deployer[*].client_id)
}

output "log_workspace" {
  value = azurerm_log_analytics_workspace.main.name
}

output "database_secret" {
  description = "Name of the secret for api.sessions.database_secret."
  value       = var.postgres == null ? null : "DATABASE_URL"
}

output "redis_host" {
  description = "Redis, on port 10000 with TLS."
  value       = one(azurerm_managed_redis.main[*].hostname)
}

output "service_bus_endpoint" {
  value = one(azurerm_servicebus_namespace.main[*].endpoint)
}
