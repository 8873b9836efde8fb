// Nothing to call: what is here happens before `main`.
#pragma once
