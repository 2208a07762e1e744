#include "ot_command.h"

int main(int argc, char **argv)
{
    return ot_command(argc, argv);
}
