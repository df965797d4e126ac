namespace Espalier.Pipeline.Reports;

/// <summary>A phase of the job.</summary>
/// <param name="Name">Its name, such as <c>pretrain</c>.</param>
/// <param name="State">How far it is.</param>
/// <param name="PlannedSeconds">Its share of the budget, as announced before the start.</param>
/// <param name="Seconds">What it took so far; null before it begins.</param>
/// <param name="Note">What is to be said of it: why it failed, or was left out.</param>
public sealed record ReportPhase(
    string Name, PhaseState State, double? PlannedSeconds = null, double? Seconds = null, string? Note = null);

/// <summary>How far a phase is.</summary>
public enum PhaseState
{
    /// <summary>It has not begun.</summary>
    Waiting,

    /// <summary>It goes on.</summary>
    Running,

    /// <summary>It ended.</summary>
    Done,

    /// <summary>There was nothing to do.</summary>
    Skipped,

    /// <summary>It failed.</summary>
    Failed,
}

/// <summary>Settings that belong together.</summary>
/// <param name="Title">What they decide.</param>
/// <param name="Settings">The settings.</param>
public sealed record ReportSection(string Title, IReadOnlyList<ReportSetting> Settings);

/// <summary>A setting.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value in words.</param>
/// <param name="Source">Where it comes from, such as <c>given</c> or <c>measured</c>.</param>
public sealed record ReportSetting(string Name, string Value, string? Source = null);

/// <summary>How to do a run again.</summary>
/// <param name="Commands">Command lines, in their order.</param>
/// <param name="Inputs">The files that were read.</param>
/// <param name="Notes">What else matters, a sentence each: what makes a run repeat itself bit by bit, and what does not.</param>
public sealed record ReportReproduction(
    IReadOnlyList<string> Commands, IReadOnlyList<ReportInput> Inputs, IReadOnlyList<string>? Notes = null);

/// <summary>A file that was read.</summary>
/// <param name="Role">What it was for, such as <c>train</c>.</param>
/// <param name="Path">Its path as it was given.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its fingerprint in hexadecimal digits.</param>
public sealed record ReportInput(string Role, string Path, long? Bytes = null, string? Sha256 = null);
