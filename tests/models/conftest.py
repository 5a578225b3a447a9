import pytest


@pytest.fixture(scope="class")
def trained(request, rows):
    """The battery's model after two epochs; tests must leave it as it is."""
    model = request.cls().make()
    model.fit(rows, epochs=2, verbose=0)
    return model
