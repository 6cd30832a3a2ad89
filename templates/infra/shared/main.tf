data "azurerm_client_config" "current" {}

locals {
  group = coalesce(var.resource_group, "rg-${var.project}-${var.target}")
  name  = "${var.project}-${var.target}"

  # The same in every apply, also in one after a destroy, which thereby finds the old vault.
  suffix = coalesce(var.name_suffix, substr(sha256("${data.azurerm_client_config.current.subscription_id}/${lower(local.group)}"), 0, 6))
  short  = substr(replace(local.name, "-", ""), 0, 15)

  tags = {
    application = var.project
    target      = var.target
    managed-by  = "llmops"
  }
}

resource "azurerm_resource_group" "main" {
  name     = local.group
  location = var.location
  tags     = local.tags
}

resource "azurerm_log_analytics_workspace" "main" {
  name                         = "log-${local.name}"
  resource_group_name          = azurerm_resource_group.main.name
  location                     = azurerm_resource_group.main.location
  sku                          = "PerGB2018"
  retention_in_days            = var.log_retention_days
  local_authentication_enabled = false
  tags                         = local.tags
}

# What the app runs as. It pulls the image and reads the secrets, and may do nothing else.
resource "azurerm_user_assigned_identity" "app" {
  name                = "id-${local.name}"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  tags                = local.tags
}
