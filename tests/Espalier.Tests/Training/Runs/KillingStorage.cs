using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Runs;

/// <summary>The process ended here.</summary>
internal sealed class KilledException : Exception;

/// <summary>A disk whose process ends when it comes to the given point, counted from 0: from then on nothing can change any more.</summary>
internal sealed class KillingStorage(int last) : RunStorage
{
    /// <summary>Points that were passed.</summary>
    public int Points { get; private set; }

    protected internal override void Reached(string point, string path)
    {
        if (point == "appending")
        {
            // Nothing is different from when the change began.
            return;
        }

        if (Points >= last)
        {
            throw new KilledException();
        }

        Points++;
    }
}

/// <summary>A disk that refuses every change after the given point.</summary>
internal sealed class FullStorage(int last) : RunStorage
{
    /// <summary>Points that were passed.</summary>
    public int Points { get; private set; }

    protected internal override void Reached(string point, string path)
    {
        // Before a change has begun the disk is not touched yet.
        if (point != "begun" && Points++ >= last)
        {
            throw new IOException("No space left on device");
        }
    }
}
