"""Where a fake AWS is: the same addresses for all tests of a session, one cloud there at a time.

They are in a project's file, so in its commits, and these name releases: while they stay the same,
all tests deploy the same releases, and can share the processes that serve them.
"""

from tests.fakes.aws.ecr import Ecr
from tests.fakes.aws.moto_backend import Moto
from tests.fakes.azure.address import Address
from tests.fakes.fronts import Front


class Place:
    """The addresses of the interfaces, of the registry, and of the load balancer's listeners."""

    def __init__(self) -> None:
        self.address = Address()
        context = self.address.trust.context
        self.ecr = Ecr(context)
        self.moto = Moto()
        self.public = Front(context, list, "envoy")
        self.test = Front(context, list, "envoy")

    def renew(self) -> None:
        """Forget what the last cloud left, for the next test."""
        self.ecr.renew()
        self.moto.reset()
        for front in (self.public, self.test):
            front.route = list
            front.drop()

    def close(self) -> None:
        """Stop."""
        for one in (self.public, self.test, self.ecr, self.address):
            one.close()
