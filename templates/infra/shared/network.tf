locals {
  # Every part of the network is a /23, which is as much as any of them asks for.
  part_bits = 23 - tonumber(split("/", var.network)[1])
}

resource "azurerm_virtual_network" "main" {
  name                = "vnet-${local.name}"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  address_space       = [var.network]
  tags                = local.tags
}

resource "azurerm_network_security_group" "main" {
  name                = "nsg-${local.name}"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  tags                = local.tags

  # All else from outside is refused by the rules that every group begins with.
  dynamic "security_rule" {
    for_each = length(local.public_ports) == 0 ? [] : [local.public_ports]
    content {
      name                       = "public"
      priority                   = 100
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = "Tcp"
      source_address_prefix      = "Internet"
      source_port_range          = "*"
      destination_address_prefix = cidrsubnet(var.network, local.part_bits, 0)
      destination_port_ranges    = security_rule.value
    }
  }
}

# What the app sends to private addresses goes through here; all else leaves as Azure sends it.
resource "azurerm_subnet" "app" {
  name                 = "app"
  resource_group_name  = azurerm_resource_group.main.name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = [cidrsubnet(var.network, local.part_bits, 0)]

  delegation {
    name = "app"
    service_delegation {
      name    = local.app_delegation
      actions = local.app_delegation_actions
    }
  }
}

resource "azurerm_subnet_network_security_group_association" "app" {
  subnet_id                 = azurerm_subnet.app.id
  network_security_group_id = azurerm_network_security_group.main.id
}

# Private endpoints of what is on no public address.
resource "azurerm_subnet" "private" {
  name                 = "private"
  resource_group_name  = azurerm_resource_group.main.name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = [cidrsubnet(var.network, local.part_bits, 1)]
}

resource "azurerm_subnet_network_security_group_association" "private" {
  subnet_id                 = azurerm_subnet.private.id
  network_security_group_id = azurerm_network_security_group.main.id
}
