"""The web app in which people judge: `vsig review`.

A page group is a module with `routes(desk)`, and where it stands in the navigation
`NAVIGATION`; all are listed in `application.PAGE_GROUPS`.
"""

from vsig_core.review.app.application import create_app
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.person import Person, may, person_of
from vsig_core.review.app.serving import served

__all__ = ["Desk", "Person", "create_app", "may", "person_of", "served"]
