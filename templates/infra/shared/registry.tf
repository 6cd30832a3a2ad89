resource "azurerm_container_registry" "main" {
  name                     = "cr${local.short}${local.suffix}"
  resource_group_name      = azurerm_resource_group.main.name
  location                 = azurerm_resource_group.main.location
  sku                      = var.registry_sku
  admin_enabled            = false
  anonymous_pull_enabled   = false
  retention_policy_in_days = var.registry_sku == "Premium" ? var.registry_retention_days : null
  tags                     = local.tags
}

resource "azurerm_role_assignment" "app_pulls" {
  scope                = azurerm_container_registry.main.id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.app.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_monitor_diagnostic_setting" "registry" {
  name                       = "llmops"
  target_resource_id         = azurerm_container_registry.main.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id

  enabled_log {
    category = "ContainerRegistryLoginEvents"
  }
  enabled_log {
    category = "ContainerRegistryRepositoryEvents"
  }
}
