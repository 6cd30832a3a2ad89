# The database that sessions are kept in when replicas share them. It has no public address. Its
# password is made during the apply, goes into the vault, and is neither in the state nor in a plan.

locals {
  databases = var.postgres == null ? 0 : 1
  database_suffix = {
    public        = "postgres.database.azure.com"
    us-government = "postgres.database.usgovcloudapi.net"
    china         = "postgres.database.chinacloudapi.cn"
  }[var.cloud]
}

resource "azurerm_subnet" "postgres" {
  count = local.databases

  name                 = "postgres"
  resource_group_name  = azurerm_resource_group.main.name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = [cidrsubnet(var.network, local.part_bits, 2)]

  delegation {
    name = "postgres"
    service_delegation {
      name    = "Microsoft.DBforPostgreSQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet_network_security_group_association" "postgres" {
  count = local.databases

  subnet_id                 = azurerm_subnet.postgres[0].id
  network_security_group_id = azurerm_network_security_group.main.id
}

resource "azurerm_private_dns_zone" "postgres" {
  count = local.databases

  name                = "${local.name}.private.${local.database_suffix}"
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "postgres" {
  count = local.databases

  name                  = "postgres"
  resource_group_name   = azurerm_resource_group.main.name
  private_dns_zone_name = azurerm_private_dns_zone.postgres[0].name
  virtual_network_id    = azurerm_virtual_network.main.id
  tags                  = local.tags
}

# The vault has the password before the server does, so that an apply which is cut short between
# the two goes on with the same one.
resource "azurerm_key_vault_secret" "postgres_password" {
  count = local.databases

  name             = "${var.secret_prefix}postgres-password"
  key_vault_id     = azurerm_key_vault.main.id
  content_type     = "text/plain"
  value_wo         = "Pg-${uuid()}"
  value_wo_version = 1

  depends_on = [time_sleep.roles_are_obeyed]
}

ephemeral "azurerm_key_vault_secret" "postgres_password" {
  count = local.databases

  name         = azurerm_key_vault_secret.postgres_password[0].name
  key_vault_id = azurerm_key_vault_secret.postgres_password[0].key_vault_id
}

resource "azurerm_postgresql_flexible_server" "main" {
  count = local.databases

  name                              = "psql-${local.name}-${local.suffix}"
  resource_group_name               = azurerm_resource_group.main.name
  location                          = azurerm_resource_group.main.location
  version                           = var.postgres.version
  sku_name                          = var.postgres.sku
  storage_mb                        = var.postgres.storage_mb
  auto_grow_enabled                 = true
  backup_retention_days             = var.postgres.backup_days
  delegated_subnet_id               = azurerm_subnet.postgres[0].id
  private_dns_zone_id               = azurerm_private_dns_zone.postgres[0].id
  public_network_access_enabled     = false
  administrator_login               = "llmops"
  administrator_password_wo         = ephemeral.azurerm_key_vault_secret.postgres_password[0].value
  administrator_password_wo_version = azurerm_key_vault_secret.postgres_password[0].value_wo_version
  tags                              = local.tags

  dynamic "high_availability" {
    for_each = var.postgres.high_availability ? [1] : []
    content {
      mode = "ZoneRedundant"
    }
  }

  lifecycle {
    # Azure chooses the zones, and changes them when the standby takes over.
    ignore_changes = [zone, high_availability[0].standby_availability_zone]
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.postgres]
}

resource "azurerm_postgresql_flexible_server_database" "main" {
  count = local.databases

  name      = "llmops"
  server_id = azurerm_postgresql_flexible_server.main[0].id
  charset   = "UTF8"
  collation = "en_US.utf8"
}

# The secret DATABASE_URL of llmops; a project names it with api.sessions.database_secret.
resource "azurerm_key_vault_secret" "database_url" {
  count = local.databases

  name             = "${var.secret_prefix}database-url"
  key_vault_id     = azurerm_key_vault.main.id
  content_type     = "text/plain"
  value_wo         = "postgresql://llmops:${ephemeral.azurerm_key_vault_secret.postgres_password[0].value}@${azurerm_postgresql_flexible_server.main[0].fqdn}:5432/${azurerm_postgresql_flexible_server_database.main[0].name}?sslmode=require"
  value_wo_version = azurerm_key_vault_secret.postgres_password[0].value_wo_version
}
