import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small networks lose more by waiting for a second core than it gives them."""
    torch.set_num_threads(1)
