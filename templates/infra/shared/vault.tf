resource "azurerm_key_vault" "main" {
  name                       = "kv${local.short}${local.suffix}"
  resource_group_name        = azurerm_resource_group.main.name
  location                   = azurerm_resource_group.main.location
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 90
  tags                       = local.tags
}

resource "azurerm_role_assignment" "app_reads_secrets" {
  scope                = azurerm_key_vault.main.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.app.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "operators_set_secrets" {
  for_each = toset(var.operators)

  scope                = azurerm_key_vault.main.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = each.value
}

resource "azurerm_role_assignment" "first_operator_sets_secrets" {
  count = length(var.operators) == 0 ? 1 : 0

  scope                = azurerm_key_vault.main.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = data.azurerm_client_config.current.object_id

  lifecycle {
    # Another operator's apply must not take the right away from the first.
    ignore_changes = [principal_id]
  }
}

# Azure needs minutes to obey a new role; what writes secrets waits for that.
resource "time_sleep" "roles_are_obeyed" {
  count = local.writes_secrets ? 1 : 0

  create_duration = "120s"

  depends_on = [
    azurerm_role_assignment.operators_set_secrets,
    azurerm_role_assignment.first_operator_sets_secrets,
  ]
}

resource "azurerm_monitor_diagnostic_setting" "vault" {
  name                       = "llmops"
  target_resource_id         = azurerm_key_vault.main.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id

  enabled_log {
    category = "AuditEvent"
  }
}
