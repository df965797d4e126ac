namespace Espalier.Engine.Models;

/// <summary>Collects what is wrong with a configuration, so that all of it is said at once.</summary>
public static class Faults
{
    /// <summary>Adds a fault unless something holds.</summary>
    public static void Unless(this List<string> faults, bool holds, string fault)
    {
        if (!holds)
        {
            faults.Add(fault);
        }
    }
}
