# Queues without keys: the app's identity is who may send and receive.

locals {
  buses = var.service_bus == null ? 0 : 1
}

resource "azurerm_servicebus_namespace" "main" {
  count = local.buses

  name                = "sb-${local.short}-${local.suffix}"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  sku                 = var.service_bus.sku
  local_auth_enabled  = false
  minimum_tls_version = "1.2"
  tags                = local.tags

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_servicebus_queue" "main" {
  for_each = toset(var.service_bus == null ? [] : var.service_bus.queues)

  name                                 = each.value
  namespace_id                         = azurerm_servicebus_namespace.main[0].id
  max_delivery_count                   = 10
  dead_lettering_on_message_expiration = true
}

resource "azurerm_role_assignment" "app_uses_queues" {
  for_each = toset(var.service_bus == null ? [] : ["Azure Service Bus Data Sender", "Azure Service Bus Data Receiver"])

  scope                = azurerm_servicebus_namespace.main[0].id
  role_definition_name = each.value
  principal_id         = azurerm_user_assigned_identity.app.principal_id
  principal_type       = "ServicePrincipal"
}
